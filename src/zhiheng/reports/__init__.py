"""What a run leaves behind: tables for machines, a workbook for people, a summary for the terminal."""
