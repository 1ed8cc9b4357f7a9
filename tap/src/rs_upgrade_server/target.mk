TARGET = rs_upgrade_server
SRC_CC = main.cc
LIBS   = base
