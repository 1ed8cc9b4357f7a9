TARGET = rs_report_rom_test
include $(call select_from_repositories,mk/rs_component.inc)
