TARGET = rs_contention
include $(call select_from_repositories,mk/rs_component.inc)
