# For the instances of staging: consul acl policy create -name concierge-staging -rules @consul-instance.hcl
#
# The records of its fleet.
key_prefix "concierge/staging/" { policy = "write" }
# What its templates read.
key_prefix "web/" { policy = "read" }
# Sessions keep an instance in the list as long as it lives.
session_prefix "" { policy = "write" }
# Only with cluster.register, and for templates that list services.
service_prefix "web" { policy = "write" }
node_prefix "" { policy = "read" }
agent_prefix "" { policy = "read" }
