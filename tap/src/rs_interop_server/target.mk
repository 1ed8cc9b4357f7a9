TARGET = rs_interop_server
SRC_CC = main.cc
LIBS   = base
