# Three stages; the last one stands on the same image as the first, one on none.
FROM taskflow-base:1 AS build
WORKDIR /app
COPY app.txt ./
RUN echo compiling; sleep 1; tr a-z A-Z < app.txt > page.html

FROM scratch AS assets
COPY app.txt /assets/

FROM taskflow-base:1
ENV MODE=production
COPY --from=build /app/page.html /srv/
COPY --from=assets /assets /srv/
USER 1000
CMD ["/bin/sh", "-c", "cat /srv/page.html"]
