// minbearer jsa by golang.org/x/oauth2/clientcredentials, which sends a POST where the others send a GET.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	url := os.Getenv("QOAUTH_URL")
	if url == "" {
		port, err := exec.Command(os.Getenv("SERVICE_PORT_LOCATOR"), "qoauth.service.consul").Output()
		exitOn(err)
		url = "http://127.0.0.1:" + strings.TrimSpace(string(port))
	}
	config := clientcredentials.Config{
		ClientID:     os.Getenv("CLIENT_ID"),
		ClientSecret: os.Getenv("CLIENT_SECRET"),
		TokenURL:     url + "/token",
		AuthStyle:    oauth2.AuthStyleInParams,
	}
	token, err := config.Token(context.Background())
	exitOn(err)
	fmt.Println(token.AccessToken)
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "goclient:", err)
		os.Exit(1)
	}
}
