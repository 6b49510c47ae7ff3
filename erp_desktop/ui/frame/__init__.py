"""What surrounds every screen: top bar, navigation, tabs, status bar, panel of keys."""
