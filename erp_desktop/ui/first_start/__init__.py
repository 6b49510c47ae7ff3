"""The first start: welcome, wizard, and the pages around an upgrade."""
