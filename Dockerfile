# callreel, all roles in one container. How to run it: docs/install.md
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN ["python3", "-m", "venv", "/opt/callreel"]
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE THIRD-PARTY.md ./
COPY connector connector
COPY scripts/build-page scripts/build-page
COPY docs/openapi.json docs/openapi.json
# A mirror or proxy of your own: docker build --secret id=pip,src=pip.conf --secret id=npm,src=.npmrc …; without the
# secrets nothing is mounted.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=npm \
    NPM_CONFIG_USERCONFIG=/run/secrets/npm scripts/build-page
# What else it is to have: whisper-english, whisper-base (docs/transcripts.md), with commas between.
ARG EXTRAS=
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/callreel/bin/pip install --constraint constraints.txt setuptools setuptools-scm \
    && /opt/callreel/bin/pip install --constraint constraints.txt --no-build-isolation ".${EXTRAS:+[$EXTRAS]}" \
    && /opt/callreel/bin/pip uninstall --yes setuptools setuptools-scm vcs-versioning

FROM ${BASE}
LABEL org.opencontainers.image.title="callreel" \
      org.opencontainers.image.description="Records the calls of Asterisk and FreeSWITCH in stereo and ships them where they belong" \
      org.opencontainers.image.licenses="Apache-2.0"
# The number is fixed so that folders of the host can be given to it: chown 10350:10350.
RUN groupadd --system --gid 10350 callreel \
    && useradd --system --uid 10350 --gid callreel --home-dir /var/lib/callreel --no-create-home --shell /usr/sbin/nologin callreel \
    && install -d -m 0750 -o callreel -g callreel /var/lib/callreel \
    && install -d -m 0755 /etc/callreel
COPY --from=build /opt/callreel /opt/callreel
COPY LICENSE NOTICE THIRD-PARTY.md /usr/share/doc/callreel/
ENV PATH=/opt/callreel/bin:${PATH} PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10350:10350
WORKDIR /var/lib/callreel
VOLUME ["/var/lib/callreel"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["callreel"]
CMD ["run", "--config", "/etc/callreel/config.yaml"]
