"""Extreme points to segments, on MRML nodes alone: no widgets, no global scene."""
