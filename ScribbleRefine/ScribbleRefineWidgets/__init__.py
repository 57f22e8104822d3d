"""Parts of the panel that need Qt; they are handed their widgets and know neither settings nor scene."""
