TARGET = rs_upgrade_client
SRC_CC = main.cc
LIBS   = base
