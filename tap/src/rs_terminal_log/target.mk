TARGET = rs_terminal_log
include $(call select_from_repositories,mk/rs_component.inc)
