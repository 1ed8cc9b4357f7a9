TARGET     = rs_part_block_test
RS_PACKAGE = rs_block_test
include $(call select_from_repositories,mk/rs_component.inc)
