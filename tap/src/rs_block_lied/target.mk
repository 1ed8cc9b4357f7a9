TARGET     = rs_block_lied
RS_PACKAGE = rs_block_test
include $(call select_from_repositories,mk/rs_component.inc)
