TARGET = rs_contention_cpp
SRC_CC = main.cc
LIBS   = base
