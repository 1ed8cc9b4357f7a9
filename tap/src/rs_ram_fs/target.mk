TARGET = rs_ram_fs
include $(call select_from_repositories,mk/rs_component.inc)
