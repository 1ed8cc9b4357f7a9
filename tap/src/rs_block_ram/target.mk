TARGET = rs_block_ram
include $(call select_from_repositories,mk/rs_component.inc)
