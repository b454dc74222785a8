"""What the templates of jobs need."""

from django import template

from zhiheng.jobs import words

register = template.Library()
register.filter(words.state_in_words)
