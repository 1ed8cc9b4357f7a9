TARGET = rs_init
include $(call select_from_repositories,mk/rs_component.inc)
