#!/bin/sh
# Roles for the instances of staging and for those who edit its keys; the
# passwords are asked for. Needs etcdctl with the rights of root.
set -eu
etcdctl role add concierge-staging
# The records of the fleet.
etcdctl role grant-permission concierge-staging --prefix=true readwrite concierge/staging/
# What its templates read.
etcdctl role grant-permission concierge-staging --prefix=true read web/
etcdctl user add instance-staging
etcdctl user grant-role instance-staging concierge-staging

etcdctl role add editor-staging
etcdctl role grant-permission editor-staging --prefix=true readwrite concierge/staging/
etcdctl role grant-permission editor-staging --prefix=true readwrite web/
etcdctl user add editor
etcdctl user grant-role editor editor-staging
