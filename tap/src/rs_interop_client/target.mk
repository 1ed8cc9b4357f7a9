TARGET = rs_interop_client
SRC_CC = main.cc
LIBS   = base

LD_OPT += --wrap=_ZN6Genode8ipc_callENS_17Native_capabilityERNS_11Msgbuf_baseES2_m
