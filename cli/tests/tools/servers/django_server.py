"""django-oauth-toolkit on a loopback port that the system chooses. Prints `port N` once it listens."""

import os
from wsgiref.simple_server import make_server

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    OAUTH2_PROVIDER={"SCOPES": {"read": "", "write": "", "admin": ""}, "ACCESS_TOKEN_EXPIRE_SECONDS": 1234},
    ROOT_URLCONF=__name__,
    SECRET_KEY="of no use here",
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from oauth2_provider.models import AccessToken, Application  # noqa: E402
from oauth2_provider.views import ProtectedResourceView, TokenView  # noqa: E402


class Api(ProtectedResourceView):
    def get(self, request):
        return HttpResponse("the answer")


def revoke(request):
    AccessToken.objects.all().delete()
    return HttpResponse("revoked")


urlpatterns = [path("token", TokenView.as_view()), path("api", Api.as_view()), path("revoke", revoke)]

call_command("migrate", verbosity=0)
for name, grant in (("client", "client-credentials"), ("other-grant", "password")):
    Application.objects.create(
        client_id=name,
        client_secret=os.environ["SECRET"],
        client_type="confidential",
        authorization_grant_type=grant,
    )
with make_server("127.0.0.1", 0, get_wsgi_application()) as server:
    print("port", server.server_port, flush=True)
    server.serve_forever()
