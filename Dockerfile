# The service with Paddle for the CPU and the virtual GPU built beforehand.
#
#   docker build -t paddle-estimate .
#   docker compose up
#
# Runs as a user without rights, on a read-only root: what is written goes to /srv/paddle-estimate/data
# (a volume, with the embedded database) and /tmp.
FROM python:3.11-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY estimator estimator
COPY templates templates
COPY history history
COPY notebooks notebooks
RUN python -m venv /opt/paddle-estimate \
 && /opt/paddle-estimate/bin/pip install --no-cache-dir '.[cpu,service,kubernetes,validate]'
ENV PADDLE_ESTIMATE_HOME=/srv/paddle-estimate
RUN /opt/paddle-estimate/bin/paddle-estimate notebooks/models/resnet50.py --gpu T4 --batch-size 1 > /dev/null \
 && rm -rf /srv/paddle-estimate/data

FROM python:3.11-slim-bookworm
RUN apt-get update \
 && apt-get install -y --no-install-recommends bubblewrap fonts-dejavu-core fonts-noto-cjk libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --no-create-home --home-dir /srv/paddle-estimate service
COPY --from=build /opt/paddle-estimate /opt/paddle-estimate
COPY --from=build /srv/paddle-estimate/cache /srv/paddle-estimate/cache
RUN install -d -o service -g service /srv/paddle-estimate/data
ENV PADDLE_ESTIMATE_HOME=/srv/paddle-estimate PATH=/opt/paddle-estimate/bin:$PATH PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /srv/paddle-estimate
VOLUME /srv/paddle-estimate/data
EXPOSE 8734
HEALTHCHECK CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8734/healthz')"]
ENTRYPOINT ["paddle-estimate", "serve", "--host", "0.0.0.0"]
CMD ["--tokens", "/run/secrets/tokens"]
