package testserver

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
)

const zabbixSchemas = "/usr/share/zabbix-server-pgsql/"

// loadZabbixSchema makes the tables and fills in what the server and its API
// need. The thousands of templates that come with it would take a quarter of a
// minute.
func loadZabbixSchema(ctx context.Context, database *instance) error {
	_, err := psql(ctx, database, "postgres", "postgres",
		strings.NewReader("create role zabbix login; create database zabbix owner zabbix;"))
	if err != nil {
		return err
	}
	schema, err := unzip("schema.sql.gz")
	if err != nil {
		return err
	}
	data, err := unzip("data.sql.gz")
	if err != nil {
		return err
	}
	statements := io.MultiReader(strings.NewReader("begin;\n"), bytes.NewReader(schema),
		bytes.NewReader(neededInserts(data)), strings.NewReader("\ncommit;"))
	_, err = psql(ctx, database, "zabbix", "zabbix", statements)
	return err
}

// neededInserts keeps the statements of some tables. A statement may have many
// lines and ends with a line that ends so.
func neededInserts(data []byte) []byte {
	needed := []string{
		"role", "role_rule", "users", "usrgrp", "users_groups", "hstgrp", "config", "settings",
		"regexps", "expressions", "globalmacro", "config_autoreg_tls", "module",
	}
	var kept bytes.Buffer
	inside, keep := false, false
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := lines.Bytes()
		if rest, begins := bytes.CutPrefix(line, []byte("INSERT INTO ")); begins && !inside {
			table, _, _ := bytes.Cut(rest, []byte(" "))
			inside, keep = true, slices.Contains(needed, string(table))
		}
		if inside && keep {
			kept.Write(line)
			kept.WriteByte('\n')
		}
		if bytes.HasSuffix(line, []byte(");")) {
			inside = false
		}
	}
	return kept.Bytes()
}

func unzip(name string) (text []byte, err error) {
	f, err := os.Open(zabbixSchemas + name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
