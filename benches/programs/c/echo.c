/* See go/echo: what a loop around one epoll needs for the same, which is next to nothing beside the kernel's work. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 512 };

static int checked(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	checked(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static int listener(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int fd = checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
	checked(bind(fd, (struct sockaddr *)&address, length), "bind");
	/* As long as the system allows. */
	checked(listen(fd, 1 << 20), "listen");
	checked(getsockname(fd, (struct sockaddr *)&address, &length), "getsockname");
	printf("port %d\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

static void welcome(int epoll, int listening)
{
	int client, on = 1;
	while ((client = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		checked(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
		watch(epoll, client);
	}
}

static void serve(int client)
{
	char request[1024];
	ssize_t length = recv(client, request, sizeof request, 0);
	/* What is answered is no longer than what a client waits for, so that there is always room for it. */
	if (length <= 0 || send(client, request, length, MSG_NOSIGNAL) != length)
		close(client);
}

int main(void)
{
	struct epoll_event events[EVENTS];
	int epoll = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	int listening = listener();
	watch(epoll, listening);
	for (;;) {
		int count = checked(epoll_wait(epoll, events, EVENTS, -1), "epoll_wait");
		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == listening)
				welcome(epoll, listening);
			else
				serve(events[i].data.fd);
		}
	}
}
