TARGET     = rs_fs_liar
RS_PACKAGE = rs_fs_test
include $(call select_from_repositories,mk/rs_component.inc)
