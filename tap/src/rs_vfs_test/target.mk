TARGET     = rs_vfs_test
RS_PACKAGE = rs_fs_test
include $(call select_from_repositories,mk/rs_component.inc)
