package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/crypto/ocsp"
)

const largestRequest = 4096

// serve answers each POST with the response that was signed beforehand for the serial number in it, after the delay.
// It prints one line once it listens.
func serve(words []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	listen := flags.String("listen", "127.0.0.1:0", "a loopback address and port")
	file := flags.String("answers", "", "file of signed responses")
	delay := flags.Duration("delay", 0, "waits that long before each answer")
	if err := flags.Parse(words); err != nil {
		return err
	}
	answers, err := readAnswers(*file)
	if err != nil {
		return err
	}
	listener, err := listenOnLoopback(*listen)
	if err != nil {
		return err
	}
	fmt.Printf("%d answers on http://%s/\n", len(answers), listener.Addr())
	return http.Serve(listener, answerFrom(answers, *delay))
}

func listenOnLoopback(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%s is not a loopback address", host)
	}
	return net.Listen("tcp", address)
}

func answerFrom(answers map[string][]byte, delay time.Duration) http.HandlerFunc {
	return func(writer http.ResponseWriter, request *http.Request) {
		der, err := io.ReadAll(io.LimitReader(request.Body, largestRequest))
		if err != nil {
			return
		}
		question, err := ocsp.ParseRequest(der)
		if err != nil {
			http.Error(writer, err.Error(), http.StatusBadRequest)
			return
		}
		answer, known := answers[string(question.SerialNumber.Bytes())]
		if !known {
			answer = ocsp.UnauthorizedErrorResponse
		}
		if delay > 0 {
			time.Sleep(delay)
		}
		writer.Header().Set("Content-Type", "application/ocsp-response")
		writer.Write(answer)
	}
}

const (
	serialOctets = 16
	lengthOctets = 4
)

// readAnswers reads what generate-fleet.ts wrote: the 16 octets of a serial number, the length of the response in 4,
// big-endian, the response; again and again.
func readAnswers(file string) (map[string][]byte, error) {
	rest, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	answers := map[string][]byte{}
	for len(rest) > 0 {
		if len(rest) < serialOctets+lengthOctets {
			return nil, errors.New("the file of answers is cut short")
		}
		serial := rest[:serialOctets]
		length := int(binary.BigEndian.Uint32(rest[serialOctets:]))
		rest = rest[serialOctets+lengthOctets:]
		if len(rest) < length {
			return nil, errors.New("the file of answers is cut short")
		}
		answers[string(serial)] = rest[:length]
		rest = rest[length:]
	}
	return answers, nil
}
