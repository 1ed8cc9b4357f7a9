TARGET = rs_fs_report
include $(call select_from_repositories,mk/rs_component.inc)
