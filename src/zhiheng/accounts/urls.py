"""The addresses of accounts."""

app_name = "accounts"
urlpatterns = []
