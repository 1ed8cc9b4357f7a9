TARGET = rs_cpu_monitor
include $(call select_from_repositories,mk/rs_component.inc)
