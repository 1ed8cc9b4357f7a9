TARGET = rs_part_block
include $(call select_from_repositories,mk/rs_component.inc)
