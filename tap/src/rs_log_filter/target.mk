TARGET = rs_log_filter
include $(call select_from_repositories,mk/rs_component.inc)
