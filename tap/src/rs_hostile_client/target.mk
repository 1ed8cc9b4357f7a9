TARGET = rs_hostile_client
SRC_CC = main.cc
LIBS   = base
