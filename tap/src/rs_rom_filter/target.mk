TARGET = rs_rom_filter
include $(call select_from_repositories,mk/rs_component.inc)
