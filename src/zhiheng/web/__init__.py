"""What all pages share: layout, navigation, lists, parts of pages, front-end files, translations."""
