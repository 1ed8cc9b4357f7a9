TARGET     = rs_fs_lied
RS_PACKAGE = rs_fs_test
include $(call select_from_repositories,mk/rs_component.inc)
