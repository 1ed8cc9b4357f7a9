TARGET = rs_terminal_crosslink
include $(call select_from_repositories,mk/rs_component.inc)
