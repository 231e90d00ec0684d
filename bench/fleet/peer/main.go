// The peer of the fleet benchmark: what a plain Go program on golang.org/x/crypto/ocsp does with the same certificates,
// and the responder on loopback that answers both programs.
//
//	peer serve -listen 127.0.0.1:PORT -answers FILE [-delay 50ms]
//	peer fetch [-concurrency 32] FOLDER
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("peer serve|fetch"))
	}
	commands := map[string]func([]string) error{"serve": serve, "fetch": fetch}
	command, known := commands[os.Args[1]]
	if !known {
		fail(fmt.Errorf("no command %q", os.Args[1]))
	}
	if err := command(os.Args[2:]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "peer:", err)
	os.Exit(1)
}
