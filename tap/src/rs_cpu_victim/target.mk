TARGET     = rs_cpu_victim
RS_PACKAGE = rs_cpu_monitor
include $(call select_from_repositories,mk/rs_component.inc)
