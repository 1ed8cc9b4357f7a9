TARGET = rs_dynamic_rom
include $(call select_from_repositories,mk/rs_component.inc)
