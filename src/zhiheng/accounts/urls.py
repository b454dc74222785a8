"""The addresses of accounts."""

from django.urls import path

from zhiheng.accounts.views import departments, entrance, own, people, roles

app_name = "accounts"
urlpatterns = [
    path("login/", entrance.log_in, name="login"),
    path("code/", entrance.enter_code, name="code"),
    path("logout/", entrance.log_out, name="logout"),
    path("setup/", entrance.set_up, name="setup"),
    path("me/", own.own, name="own"),
    path("me/password/", own.change_password, name="password"),
    path("me/authenticator/", own.set_up_totp, name="totp"),
    path("me/authenticator/codes/", own.renew_codes, name="codes"),
    path("me/authenticator/remove/", own.remove_totp, name="remove_totp"),
    path("me/sessions/end/", own.end_sessions, name="end_sessions"),
    path("me/sessions/<int:pk>/end/", own.end_sessions, name="end_session"),
    path("people/", people.people, name="people"),
    path("people/add/", people.add_person, name="add_person"),
    path("people/import/", people.import_people, name="import"),
    path("people/import/enter/", people.enter_people, name="enter_people"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/change/", people.change_person, name="change_person"),
    path("people/<int:pk>/account/", people.make_account, name="make_account"),
    path("<int:pk>/password/", people.reset_password, name="reset_password"),
    path("<int:pk>/disable/", people.disable, name="disable"),
    path("<int:pk>/enable/", people.enable, name="enable"),
    path("<int:pk>/unlock/", people.unlock, name="unlock"),
    path("<int:pk>/authenticator/reset/", people.reset_totp, name="reset_totp"),
    path("<int:pk>/grant/", roles.grant, name="grant"),
    path("grants/", roles.grants, name="grants"),
    path("grants/<int:pk>/revoke/", roles.revoke, name="revoke"),
    path("policy/", roles.policy, name="policy"),
    path("departments/", departments.departments, name="departments"),
    path("departments/add/", departments.add_department, name="add_department"),
    path("departments/add-seen/", departments.add_seen, name="add_seen"),
    path("departments/<int:pk>/", departments.department, name="department"),
    path("departments/<int:pk>/change/", departments.change_department, name="change_department"),
    path("departments/<int:pk>/rename/", departments.rename_department, name="rename_department"),
    path("departments/<int:pk>/close/", departments.close_department, name="close_department"),
    path("organisation/", departments.organisation, name="organisation"),
]
