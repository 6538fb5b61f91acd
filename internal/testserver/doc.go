// Package testserver runs real etcd, Consul, Vault and Zabbix servers for tests and
// benchmarks.
//
// [Etcd], [Consul] and [Vault] give a server shared by all tests of a test
// binary: it is started at its first use and ends with the binary, also when
// that crashes. Tests keep apart by [Prefix]. [NewEtcd], [NewConsul], [NewVault]
// and [NewEtcdCluster] start servers of the test's own, whose faults it may
// cause: stop, kill, restart with the same data on the same port, pause.
//
// [Zabbix] gives a shared Zabbix server with its database and API, from the
// packages of the distribution: `make packages` installs them.
//
// Everything listens on loopback, on ports that were free a moment before; a
// clash is retried. Functions of this package fail the test on any error.
package testserver
