package main

import "syscall"

// terminate is the polite request to stop.
const terminate = syscall.SIGTERM
