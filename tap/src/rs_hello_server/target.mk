TARGET = rs_hello_server
include $(call select_from_repositories,mk/rs_component.inc)
