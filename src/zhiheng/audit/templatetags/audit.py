"""What the templates of the audit trail need."""

from django import template

from zhiheng.audit.details import in_words

register = template.Library()
register.filter(in_words)
