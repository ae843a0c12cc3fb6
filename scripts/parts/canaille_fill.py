"""Run by the Python that has Canaille: writes the users, groups and clients that it reads from its standard input
into the database that $CANAILLE_CONFIG names."""

import json
import sys

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend


def main():
    content = json.load(sys.stdin)
    with create_app().app_context(), Backend.instance.session():
        users = {}
        for fields in content["users"]:
            users[fields["user_name"]] = models.User(**fields)
            Backend.instance.save(users[fields["user_name"]])
        for name, members in content["groups"].items():
            Backend.instance.save(models.Group(display_name=name, members=[users[one] for one in members]))
        for fields in content["clients"]:
            client = models.Client(**fields)
            Backend.instance.save(client)
            client.audience = [client]
            Backend.instance.save(client)


main()
