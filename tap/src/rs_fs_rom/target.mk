TARGET = rs_fs_rom
include $(call select_from_repositories,mk/rs_component.inc)
