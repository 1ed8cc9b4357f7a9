TARGET = rs_timer
include $(call select_from_repositories,mk/rs_component.inc)
