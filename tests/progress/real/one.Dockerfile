# One stage.
FROM taskflow-base:1
LABEL app=backend
WORKDIR /app
COPY app.txt ./
ENV MODE=production
RUN echo "installing"; echo "warning: no lockfile" >&2; \
    cat app.txt > built.txt
RUN true
EXPOSE 8000
CMD ["/bin/sh", "-c", "cat /app/built.txt"]
